run 017-epoch-log.weir --quiet --epoch-log /nowhere/x
