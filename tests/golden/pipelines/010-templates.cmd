run 010-templates.weir --quiet --set lake=lake --set from=2
! cd lake && find . -name '*.csv' | sed 's/[^/]*$//' | sort
! cat lake/*/*/*.csv | sort -u
