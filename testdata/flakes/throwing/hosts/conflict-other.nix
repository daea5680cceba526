{
  time.timeZone = "Europe/Paris";
}
