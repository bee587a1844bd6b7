\begindata
A = ( 'it''s' 'two' )
A += 'three'
B=(1,-.5e3)