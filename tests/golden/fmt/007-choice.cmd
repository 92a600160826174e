fmt 007-choice.weir
