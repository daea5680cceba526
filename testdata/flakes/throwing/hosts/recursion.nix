# Two options that are each other's value.
{ config, ... }:
{
  networking.domain = config.time.timeZone;
  time.timeZone = config.networking.domain;
}
