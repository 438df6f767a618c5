package pubsub

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"google.golang.org/protobuf/proto"
)

const (
	tableTopics   = "topics"        // name -> Topic
	tableSubs     = "subscriptions" // name -> number, Subscription
	tableMessages = "messages"      // number of the subscription, number of the message -> record
)

// openDB opens or makes the database. A write is in the kernel's hands when its transaction ends:
// safe from the death of this process, not from that of the machine. The list of free pages is
// not stored: it is as long as the longest backlog was.
func openDB(path string) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: 2 * time.Second, NoSync: true, NoGrowSync: true,
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("%s is in use: stop the other local cloud or choose another folder", path)
	}
	if err != nil {
		return nil, err
	}
	err = db.Update(func(t *bbolt.Tx) error {
		for _, name := range []string{tableTopics, tableSubs, tableMessages} {
			if _, err := t.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func table(t *bbolt.Tx, name string) *bbolt.Bucket { return t.Bucket([]byte(name)) }

// put stores m under key, after prefix.
func put(t *bbolt.Tx, name, key string, prefix []byte, m proto.Message) error {
	b, err := proto.MarshalOptions{}.MarshalAppend(prefix, m)
	if err != nil {
		return err
	}
	return table(t, name).Put([]byte(key), b)
}

// load reads topics, subscriptions and which messages wait. Every lease of an earlier process is
// over: all of them are due.
func (s *Server) load() error {
	byNumber := map[uint64]*subscription{}
	return s.db.View(func(t *bbolt.Tx) error {
		err := table(t, tableTopics).ForEach(func(k, v []byte) error {
			topic := new(pb.Topic)
			s.topics[string(k)] = topic
			return proto.Unmarshal(v, topic)
		})
		if err != nil {
			return err
		}
		err = table(t, tableSubs).ForEach(func(k, v []byte) error {
			cfg := new(pb.Subscription)
			if err := proto.Unmarshal(v[8:], cfg); err != nil {
				return err
			}
			sub := newSubscription(binary.BigEndian.Uint64(v), cfg)
			s.subs[string(k)], byNumber[sub.number] = sub, sub
			return nil
		})
		if err != nil {
			return err
		}
		return table(t, tableMessages).ForEach(func(k, v []byte) error {
			sub := byNumber[binary.BigEndian.Uint64(k)] // never nil: a subscription takes its messages with it
			sub.wait(&item{seq: binary.BigEndian.Uint64(k[8:]), size: len(v), failures: int(record(v).failures())})
			return nil
		})
	})
}

// record is a stored message: how often its delivery failed, when it was published (microseconds),
// and the message.
type record []byte

const recordHead = 4 + 8

func newRecord(published time.Time, m *pb.PubsubMessage) (record, error) {
	head := binary.BigEndian.AppendUint64(make([]byte, 4, recordHead), uint64(published.UnixMicro()))
	return proto.MarshalOptions{}.MarshalAppend(head, m)
}

func (r record) failures() uint32 { return binary.BigEndian.Uint32(r) }

func (r record) published() time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(r[4:])))
}

func (r record) message() (*pb.PubsubMessage, error) {
	m := new(pb.PubsubMessage)
	return m, proto.Unmarshal(r[recordHead:], m)
}

// withFailures returns a copy of r with another count.
func (r record) withFailures(n int) record {
	r = bytes.Clone(r)
	binary.BigEndian.PutUint32(r, uint32(n))
	return r
}

// key returns where message seq of the subscription lies.
func (u *subscription) key(seq uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, u.number), seq)
}
