package import BelfryStorage

/// How a database is opened. The defaults suit a server; `gateway` fits into 64 MiB.
public struct DatabaseOptions: Sendable {
    /// When a write counts as done.
    public enum Durability: Sendable, Hashable {
        /// When it is on the disk.
        case sync
        /// When it is in the log; up to so many milliseconds may be lost with the power.
        case interval(milliseconds: Int)
        /// Never synced: for what can be loaded again.
        case none
    }

    package var store: StoreOptions

    public init() { store = StoreOptions() }

    package init(_ store: StoreOptions) { self.store = store }

    /// 64 MiB of memory, a second of durability interval, small blocks.
    public static var gateway: DatabaseOptions { DatabaseOptions(.gateway) }

    /// Opens for reading only, beside a process that writes.
    public static var readOnly: DatabaseOptions {
        var options = DatabaseOptions()
        options.isReadOnly = true
        return options
    }

    public var durability: Durability {
        get {
            switch store.durability {
            case .sync: .sync
            case .interval(let milliseconds): .interval(milliseconds: milliseconds)
            case .none: .none
            }
        }
        set {
            store.durability =
                switch newValue {
                case .sync: .sync
                case .interval(let milliseconds): .interval(milliseconds: milliseconds)
                case .none: .none
                }
        }
    }

    /// Opens without the lock and without changing a byte: another process may be writing.
    /// Every statement sees what the folder holds when it begins, a write perhaps just before it
    /// is durable.
    public var isReadOnly: Bool {
        get { store.isReadOnly }
        set { store.isReadOnly = newValue }
    }

    /// Makes a store of an older format version one of today's at opening; without it such a store
    /// is only read. There is no way back.
    public var upgradesFormat: Bool {
        get { store.upgradesFormat }
        set { store.upgradesFormat = newValue }
    }

    /// Bytes of the active memtable before it is flushed; two generations may exist.
    public var memtableByteCountLimit: Int {
        get { store.memtableByteCountLimit }
        set { store.memtableByteCountLimit = newValue }
    }

    /// A partition that the newest row has left behind and that nothing was written to for so long
    /// becomes one segment of the COLD tier by itself; a day unless said, nil: never.
    public var coldAfterSeconds: UInt64? {
        get { store.coldAfterSeconds }
        set { store.coldAfterSeconds = newValue }
    }

    /// Bytes of compressed columns kept in memory after reading.
    public var blockCacheByteCountLimit: Int {
        get { store.blockCacheByteCountLimit }
        set { store.blockCacheByteCountLimit = newValue }
    }
}
