-- attack: a table that only looks like settings
-- expect: refused
-- named:  the text is no recipe

return { steps = 1 }
