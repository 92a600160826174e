check 021-set.weir --set count=x --set at=today --set txt=1
check 021-set.weir --set count=9 --set at=2026-02-01T00:00:00Z --set text=y
check 021-set.weir --set count
check 021-set.weir --set =5
check 021-set.weir --set
check 021-set.weir --set count=99999999999999999999
