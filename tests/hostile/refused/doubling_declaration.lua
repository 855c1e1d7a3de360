-- attack: a declaration of 2^30 values
-- expect: refused
-- named:  

local t = { 1 }
for _ = 1, 30 do t = { t, t } end
return recipe { steps = t }
