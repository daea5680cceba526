# Two assertions that do not hold.
{
  assertions = [
    {
      assertion = false;
      message = "This host wants the impossible.";
    }
    {
      assertion = 1 + 1 == 3;
      message = "This host cannot count.";
    }
  ];
}
