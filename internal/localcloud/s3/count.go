package s3

// Objects returns how many objects all buckets hold: keys whose newest version is no delete marker.
func (s *Server) Objects() int {
	st := s.backend.store
	st.mu.RLock()
	defer st.mu.RUnlock()
	n := 0
	for _, b := range st.buckets {
		for _, versions := range b.objects {
			if !versions[0].Marker {
				n++
			}
		}
	}
	return n
}
