namespace Portal.Worker.Operators;

/// <summary>The region that this worker serves; also the name of its queue.</summary>
public sealed record RegionName(string Id);
