"""Terminals that send Mettler-Toledo's standard continuous output."""
