# Two options whose values are each other.
{ config, ... }:
{
  networking.domain = config.time.timeZone;
  time.timeZone = config.networking.domain;
}
