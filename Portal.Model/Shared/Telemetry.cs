using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Portal.Model.Shared;

/// <summary>The names under which both hosts trace and measure.</summary>
public static class Telemetry
{
    public const string Name = "Portal";

    public static readonly ActivitySource Source = new(Name);

    public static readonly Meter Meter = new(Name);
}
