package write

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/seneka-io/seneka/internal/row"
)

// maxCommit is how many streams one call may commit (quotas, Storage Write API).
const maxCommit = 10_000

// BatchCommitWriteStreams makes the rows of finalized PENDING streams of one table visible, all
// of them or none. What is wrong with a stream is said in the response, whose commit_time is then
// not set, beside a nil error.
func (s *Server) BatchCommitWriteStreams(ctx context.Context, req *storagepb.BatchCommitWriteStreamsRequest) (*storagepb.BatchCommitWriteStreamsResponse, error) {
	ref, names, err := commitArguments(req)
	if err != nil {
		return nil, err
	}
	if _, err := s.table(ctx, ref); err != nil {
		return nil, err
	}
	streams, faults, err := s.acquireAll(ctx, names)
	defer func() {
		for _, st := range streams {
			st.mu.Unlock()
		}
	}()
	switch {
	case err != nil:
		return nil, statusOf(err).Err()
	case len(faults) > 0:
		return &storagepb.BatchCommitWriteStreamsResponse{StreamErrors: faults}, nil
	}
	at := timestamppb.New(s.now())
	if err := s.commit(context.WithoutCancel(ctx), ref, streams, at); err != nil {
		return nil, statusOf(err).Err()
	}
	return &storagepb.BatchCommitWriteStreamsResponse{CommitTime: at}, nil
}

// commitArguments checks what needs no look-up. That a stream may be named only once is not in
// the documentation; committing it twice in one call cannot be meant.
func commitArguments(req *storagepb.BatchCommitWriteStreamsRequest) (row.Table, []streamName, error) {
	ref, err := row.ParseTablePath(req.GetParent())
	if err != nil {
		return ref, nil, invalid("parent: %v", err)
	}
	n := len(req.GetWriteStreams())
	if n == 0 || n > maxCommit {
		return ref, nil, invalid("write_streams has %d streams, it must have 1 to %d", n, maxCommit)
	}
	names := make([]streamName, n)
	for i, w := range req.GetWriteStreams() {
		var ok bool
		if names[i], ok = parseStream(w); !ok {
			return ref, nil, invalidStreamName(w)
		}
		if names[i].table != ref {
			return ref, nil, invalid("stream %s does not belong to table %s", w, req.GetParent())
		}
	}
	// Sorted, so that two calls never wait for each other's streams.
	slices.SortFunc(names, func(a, b streamName) int { return cmp.Compare(a.id, b.id) })
	for i := 1; i < n; i++ {
		if names[i] == names[i-1] {
			return ref, nil, invalid("stream %s is named twice", names[i])
		}
	}
	return ref, names, nil
}

// acquireAll locks the streams, which the caller unlocks whatever else is returned, and says
// which of them cannot be committed and why.
func (s *Server) acquireAll(ctx context.Context, names []streamName) (streams []*stream, faults []*storagepb.StorageError, err error) {
	fault := func(name streamName, code storagepb.StorageError_StorageErrorCode, msg string) {
		faults = append(faults, &storagepb.StorageError{Code: code, Entity: name.String(), ErrorMessage: msg})
	}
	for _, name := range names {
		if name.isDefault() {
			fault(name, storagepb.StorageError_INVALID_STREAM_TYPE, "The default stream cannot be committed.")
			continue
		}
		st, err := s.acquire(ctx, name)
		if isNotFound(err) {
			fault(name, storagepb.StorageError_STREAM_NOT_FOUND, "No such stream, or it has expired.")
			continue
		}
		if err != nil {
			return streams, nil, err
		}
		streams = append(streams, st)
		switch {
		case !st.rec.isPending():
			fault(name, storagepb.StorageError_INVALID_STREAM_TYPE, "Only PENDING streams can be committed.")
		case st.rec.isCommitted():
			fault(name, storagepb.StorageError_STREAM_ALREADY_COMMITTED, "Stream is already committed.")
		case !st.rec.Finalized:
			fault(name, storagepb.StorageError_INVALID_STREAM_STATE, "The stream must be finalized before it is committed.")
		}
	}
	return streams, faults, nil
}

// commit brings the rows of locked streams into their table and marks the streams, in one
// transaction. A crash before its end leaves everything as it was; a crash after it leaves
// journals, which the records outweigh.
func (s *Server) commit(ctx context.Context, ref row.Table, streams []*stream, at *timestamppb.Timestamp) error {
	err := s.group.update(ctx, func(tx Tx) error {
		t, err := lookUp(ctx, tx, ref)
		if err != nil {
			return err
		}
		for _, st := range streams {
			if err := appendJournal(ctx, tx, ref, t, st.journal); err != nil {
				return fmt.Errorf("commit stream %s: %w", st.name, err)
			}
			done := st.rec
			done.Committed = at.AsTime()
			if err := s.save(ctx, tx.AddRecord, st.name, &done); err != nil {
				return fmt.Errorf("commit stream %s: %w", st.name, err)
			}
		}
		return nil
	})
	// Committed or in doubt, the record has the last word; it is read when next asked for.
	for _, st := range streams {
		s.drop(st)
	}
	if err != nil {
		return err
	}
	for _, st := range streams {
		st.journal.remove() // one that stays is outweighed by the record, and swept when it expires
	}
	return nil
}

// appendJournal decodes the rows again, as they were checked when they came, for the columns that
// the table has now.
func appendJournal(ctx context.Context, tx Tx, ref row.Table, t Table, j *journal) error {
	var dec *decoder
	var seen []byte
	return j.replay(func(schema []byte, rows [][]byte) error {
		if dec == nil || !slices.Equal(seen, schema) {
			var dp descriptorpb.DescriptorProto
			if err := proto.Unmarshal(schema, &dp); err != nil {
				return fmt.Errorf("schema of the rows: %w", err)
			}
			var err error
			if dec, err = newDecoder(&dp, t, j.name); err != nil {
				return err
			}
			seen = schema
		}
		values, err := dec.rows(rows)
		if err != nil {
			return err
		}
		return tx.Append(ctx, ref, values)
	})
}
