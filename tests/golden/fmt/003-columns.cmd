fmt 003-columns.weir
