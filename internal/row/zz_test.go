package row
import "testing"
func BenchmarkMoves(b *testing.B) {
	schema, rec := nestedLike()
	enc := newEncoder(b, schema...)
	l := rec.Values[2].list
	for name, order := range map[string][]Value{"alternate": {l[0],l[1],l[2],l[3]}, "grouped": {l[0],l[2],l[1],l[3]}, "long": {l[0],l[0],l[0],l[0]}} {
		b.Run(name, func(b *testing.B) {
			rec.Values[2].list = order
			var buf []byte
			for b.Loop() { buf, _ = enc.Append(buf[:0], rec) }
			b.SetBytes(int64(len(buf)))
		})
	}
}
