# A misspelled option.
{
  services.opensshd.enable = true;
}
