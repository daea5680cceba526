# What nixos-generate-config adds to hardware it did not recognise.
{ lib, ... }: { hardware.enableRedistributableFirmware = lib.mkDefault true; }
