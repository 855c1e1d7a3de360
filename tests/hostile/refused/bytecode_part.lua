-- attack: bytes of a compiled chunk in the text
-- expect: refused
-- named:  unexpected symbol

LJ
return recipe {}
