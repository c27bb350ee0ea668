import Glibc

/// The entry that libFuzzer calls. Which decoder an input goes to is told by BELFRY_FUZZ; each
/// runs in a process of its own (`tools/fuzz`).
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    let name = unsafe getenv("BELFRY_FUZZ").map { unsafe String(cString: $0) } ?? ""
    switch name {
    case "identity": FuzzTargets.identity(bytes)
    case "manifest": FuzzTargets.manifest(bytes)
    case "log": FuzzTargets.log(bytes)
    case "segment": FuzzTargets.segment(bytes)
    case "series": FuzzTargets.series(bytes)
    case "strip": FuzzTargets.strip(bytes)
    default: fatalError("BELFRY_FUZZ names no target")
    }
    return 0
}
