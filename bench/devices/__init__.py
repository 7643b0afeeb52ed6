"""What a device costs, from ten to ten thousand of them."""
