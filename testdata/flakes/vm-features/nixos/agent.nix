{ lib, ... }:
{
  options.services.qemuGuest.enable = lib.mkOption {
    type = lib.types.bool;
    default = false;
  };
}
