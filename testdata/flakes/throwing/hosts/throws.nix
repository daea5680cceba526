# A throw in a module.
{
  time.timeZone = throw "the clock is out of order";
}
