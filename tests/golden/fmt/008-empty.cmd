fmt 008-empty.weir
