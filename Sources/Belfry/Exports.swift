// The value types of the core are part of this library's face: values, vectors, batches, schemas.
@_exported public import BelfryCore
