"salt"
