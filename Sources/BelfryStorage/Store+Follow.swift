import Synchronization

/// Reading a folder that another process may be writing: `StoreOptions.isReadOnly`.
extension Store {
    /// The snapshot of a new statement. In a store that is open for reading only it is what the
    /// folder holds now, as far as the process that writes has let it be seen.
    package func currentSnapshot() throws(StorageError) -> Snapshot {
        if options.isReadOnly { try follow() }
        return snapshot()
    }

    /// Looks at the folder again.
    func follow() throws(StorageError) {
        try followed.withLock { (followed) throws(StorageError) in
            if followed == nil {
                followed = FollowedStore(
                    fileSystem, identity: identity, mode: options.recovery,
                    openSegments: openSegments)
            } else if state.withLock({ $0.isClosed }) {
                return
            }
            guard try followed?.look() == true, let found = followed else { return }
            take(found)
            state.withLock { state in
                state.manifest = found.manifest
                state.manifestNumber = found.manifest.number
                state.segments = found.segments
                state.sealed = nil
                state.active = found.memtable
                state.nextSequence = found.nextSequence
                state.nextSeries = found.nextSeries
                state.nextFileID = found.manifest.nextFileID
                state.refusal =
                    found.damage
                    ?? StorageError(.readOnly, "the store is open for reading only")
                publish(state)
            }
        }
    }
}

extension Store {
    /// How often the store was opened for writing; with a sequence it names a write for ever.
    package var epoch: UInt64 { state.withLock { $0.manifest.epoch } }
}
