package result

// CauseKind sorts causes by what there is to do about them.
type CauseKind string

// The kinds of cause. From CauseBoot to CauseCheck they describe a host that was booted.
const (
	CauseEval        CauseKind = "eval"
	CauseInput       CauseKind = "input"
	CauseBuild       CauseKind = "build"
	CauseHash        CauseKind = "hash-mismatch"
	CauseFeature     CauseKind = "missing-feature"
	CauseSystem      CauseKind = "unsupported-system"
	CauseMemory      CauseKind = "out-of-memory"
	CauseDisk        CauseKind = "disk-full"
	CauseTimeout     CauseKind = "timeout"
	CauseDaemon      CauseKind = "daemon"
	CauseSubstituter CauseKind = "substituter"
	CauseBuilder     CauseKind = "builder"
	CauseBoot        CauseKind = "boot"
	CausePanic       CauseKind = "panic"
	CauseEmergency   CauseKind = "emergency"
	CauseHang        CauseKind = "hang"
	CauseAgent       CauseKind = "agent"
	CauseUnit        CauseKind = "unit"
	CauseActivation  CauseKind = "activation"
	CauseCheck       CauseKind = "check"
	CauseAccelerator CauseKind = "accelerator"
	CauseInfra       CauseKind = "infra"
)

// Status returns the status of what ended for a cause of this kind alone: [Failed] and
// [TimedOut] blame the flake, [Error] blames the machine, the network or flakeci.
func (k CauseKind) Status() Status {
	switch {
	case k == CauseEval, k == CauseBuild, k == CauseHash, k.InGuest():
		return Failed
	case k == CauseTimeout:
		return TimedOut
	}
	return Error
}

// InGuest reports whether the cause came up in a booted host, which had been built by then.
func (k CauseKind) InGuest() bool {
	switch k {
	case CauseBoot, CausePanic, CauseEmergency, CauseHang, CauseAgent, CauseUnit, CauseActivation, CauseCheck:
		return true
	}
	return false
}
