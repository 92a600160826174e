fmt 001-spaces.weir
