# A misspelt option.
{
  services.opensshd.enable = true;
}
