"""Scales that speak the NCI protocol: Weigh-Tronix, Salter Brecknell, Adam, DIVA."""
