# What nixos-generate-config adds for hardware that it did not recognize.
{ lib, ... }: { hardware.enableRedistributableFirmware = lib.mkDefault true; }
