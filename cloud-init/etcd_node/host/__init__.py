"""This machine: settings, files, programs, volume and journal."""
