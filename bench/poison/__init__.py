"""What a thousand messages that nothing can be made of cost the others."""
