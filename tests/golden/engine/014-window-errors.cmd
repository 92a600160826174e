! $WEIR run 014-window-errors.weir 2>&1 | grep -v info:
! cut -d, -f1-3,7-11 q/*.csv | tr -d '\r'
