WEIR_FRAG=0 run 013-one-row-batches.weir --quiet
! rm -rf .weir; WEIR_FRAG=0 $WEIR run 013-one-row-batches.weir --quiet > a
! rm -rf .weir; WEIR_FRAG=1 $WEIR run 013-one-row-batches.weir --quiet > b
! cmp a b && wc -l < a
