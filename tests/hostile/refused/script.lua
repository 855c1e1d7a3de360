-- attack: a script with the full API dressed as a recipe
-- expect: refused
-- named:  --trust

lorarun.system.write("owned", "yes")
return recipe {}
