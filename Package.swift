// swift-tools-version: 6.2

import PackageDescription

/// The one list of settings that every target shares. No unsafe flags: they would bar the package
/// from being a dependency.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

/// A target of the engine: arrows point down only, and the compiler refuses the rest.
func engine(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["BelfryTestSupport"], swiftSettings: settings)
}

let package = Package(
    name: "belfry",
    products: [
        .library(name: "Belfry", targets: ["Belfry"]),
        .executable(name: "belfry", targets: ["BelfryCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        engine("BelfryCore"),
        engine("BelfryCodecs", ["BelfryCore", "CZstd"]),
        engine("BelfryStorage", ["BelfryCore", "BelfryCodecs"]),
        engine("BelfrySQL"),
        engine("BelfryQuery", ["BelfryCore", "BelfryCodecs", "BelfrySQL", "BelfryStorage"]),
        engine("Belfry", ["BelfryCore", "BelfrySQL", "BelfryStorage", "BelfryQuery"]),
        engine("BelfryImport", ["BelfryCore", "Belfry", "CZstd", "CZlib"]),
        engine("BelfryTown", ["BelfryCore"]),
        .executableTarget(
            name: "BelfryCLI",
            dependencies: [
                "Belfry", "BelfryCore", "BelfrySQL", "BelfryImport", "BelfryTown", "CMalloc",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "BelfryBench",
            dependencies: [
                "Belfry", "BelfryCore", "BelfryCodecs", "BelfryImport", "BelfryStorage",
            ],
            path: "Benchmarks/BelfryBench",
            swiftSettings: settings),
        .executableTarget(
            name: "BelfryTorture", dependencies: ["Belfry", "BelfryCore", "BelfryStorage"],
            path: "Tests/BelfryTorture", swiftSettings: settings),

        .target(
            name: "BelfryTestSupport",
            dependencies: ["Belfry", "BelfryCore", "BelfryStorage"],
            path: "Tests/BelfryTestSupport", swiftSettings: settings),
        tests("BelfryCoreTests", ["BelfryCore"]),
        tests("BelfryCodecsTests", ["BelfryCodecs", "BelfryCore"]),
        tests("BelfryStorageTests", ["BelfryStorage", "BelfryCodecs", "BelfryCore"]),
        tests("BelfrySQLTests", ["BelfrySQL"]),
        tests("BelfryQueryTests", ["BelfryQuery", "BelfryStorage", "BelfrySQL", "BelfryCore"]),
        tests("BelfryTests", ["Belfry", "BelfryCore", "BelfryStorage"]),
        tests("BelfryImportTests", ["BelfryImport", "Belfry", "BelfryCore"]),
        tests("BelfryTownTests", ["BelfryTown", "BelfryCore"]),
        tests("SQLScriptTests", ["Belfry", "BelfryCore"]),
        tests("CommandLineTests", []),
        tests("TidyTests", []),
    ]
)
