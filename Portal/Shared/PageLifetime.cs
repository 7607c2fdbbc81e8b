namespace Portal.Shared;

/// <summary>
/// Cancels what a part of a page still waits for, as the part is left. Unlike a <see cref="CancellationTokenSource"/> it can be asked for
/// its token afterwards: an answer may come to a part that is left already, and what it does next is to be cancelled, not to fail, since
/// the failure would be shown in the place of the page that came after.
/// </summary>
public sealed class PageLifetime : IDisposable
{
    private readonly CancellationTokenSource source = new();

    public PageLifetime() => Token = source.Token;

    public CancellationToken Token { get; }

    public void Dispose()
    {
        if (!Token.IsCancellationRequested)
        {
            source.Cancel();
            source.Dispose();
        }
    }
}
