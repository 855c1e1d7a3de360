-- attack: a declaration that contains itself
-- expect: refused
-- named:  contains itself

local declared = recipe { steps = 1 }
declared.data = declared
return declared
