run 014-values.weir --quiet
! cut -d, -f1,2,5,6,7,8,9 bad/*.csv | tr -d '\r'
