"""What both ends of MQTT must agree on: topics, messages, identities, the custody chain. Pure."""
