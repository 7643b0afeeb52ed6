"""Modbus: what is asked, two framings, and a master that can be believed on both.

`pdu` says what a request and its answer are, `rtu` and `tcp` how they travel, `blocks` what is
read together, `plan` what that costs a line, `master` asks one thing at a time and checks all of
it, `write` changes something once and reads it back.
"""
