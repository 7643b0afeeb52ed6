"""How an asyncio daemon runs: clock, back-off, supervision, MQTT, logs. No warehouse words."""
