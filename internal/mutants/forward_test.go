package mutants

const (
	forwardFile = "internal/forward/forward.go"
	loopFile    = "internal/forward/loop.go"
)

// forwardMutants break the first stage.
var forwardMutants = []mutant{
	{"a message deleted before all records are done", loopFile, swap(
		"return errors.Join(errs...)", "return errors.Join(errs[:1]...)",
	), "TestLoopAllOrNothing", "want two tries of both"},
	{"a message deleted whatever became of it", loopFile, swap(
		"	case err == nil:\n		if err := l.Queue.Delete", "	case err == nil || work.Err() == nil:\n		if err := l.Queue.Delete",
	), "TestEnumerateFaults", "landing has"},
	{"a message that is not understood deleted", loopFile, swap(
		"	if err != nil {\n		return err\n	}\n	if msg.Test", "	if err != nil {\n		return nil\n	}\n	if msg.Test",
	), "TestLoopNotUnderstood", "want none"},
	{"a copy replaced without a look at it", forwardFile, swap(
		"		outcome, err := f.copy(", "		_, generation, _ = f.Landing.Stat(ctx, object.Landed{Bucket: f.Bucket, Name: name})\n		outcome, err := f.copy(",
	), "TestForward$", "events_out_of_order"},
	{"sequencers compared the wrong way round", forwardFile, swap(
		"object.Newer(a.Sequencer, b.Sequencer)", "object.Newer(b.Sequencer, a.Sequencer)",
	), "TestForward$", "events_out_of_order"},
	{"a copy of another version taken for this one", forwardFile, swap(
		"case there.Version == e.Version:", "case there.Source == e.Source:",
	), "TestForward$", "overwritten"},
	{"a copy that is there taken for a failure", forwardFile, swap(
		"		if !errkind.Is(err, errkind.Exists) {", "		if err != nil {",
	), "TestForward$", "answered_by_its_retry"},
}
