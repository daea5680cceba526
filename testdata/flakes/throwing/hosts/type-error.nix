# A string where a boolean belongs.
{
  services.openssh.enable = "yes";
}
