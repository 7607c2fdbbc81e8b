using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>People who sign up.</summary>
public abstract class SignUpScene(TestPostgres postgres) : ServedTests(postgres)
{
    protected static Task<HttpResponseMessage> SignUpAsync(FormClient client, string email) =>
        client.SubmitAsync("/sign-up", ("Email", email), ("Password", "a long enough one"));
}
