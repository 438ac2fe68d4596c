"""What a network is: its notation, its functions, its layers, its defining equations."""
