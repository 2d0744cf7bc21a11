import type { User, UserLevel } from './device-settings.js';
import type { Device, Operation } from './onvif-service.js';
import { findAll, type SoapElement, textAt } from './soap.js';
import { badValue, leaf, SoapFault, tag } from './soap-reply.js';

const MAX_USERS = 16;

/** Who may sign in: at once, to every service and stream. Each operation does all of its list or nothing. */
export function userOperations({ settings, persona }: Device): Record<string, Operation> {
  const { users } = settings;
  const read = (element: SoapElement, known?: User): User => {
    const username = textAt(element, 'Username');
    if (!username) throw badValue('user name', username);
    const password = textAt(element, 'Password') ?? known?.password;
    if (!password) throw new SoapFault('Sender', ['OperationProhibited', 'PasswordTooWeak'], 'A password is needed');
    const level = (textAt(element, 'UserLevel') ?? known?.level) as UserLevel;
    if (!persona.userLevels.includes(level)) throw badValue('user level', level);
    return { username, password, level };
  };
  return {
    GetUsers: () =>
      tag(
        'tds:GetUsersResponse',
        ...users.map(({ username, level }) =>
          tag('tds:User', leaf('tt:Username', username), leaf('tt:UserLevel', level)),
        ),
      ),
    CreateUsers: ({ request }) => {
      const added = findAll(request.body, 'User').map((element) => read(element));
      const clash = added.find(({ username }) => settings.find(username));
      if (clash) throw new SoapFault('Sender', ['OperationProhibited', 'UsernameClash'], 'There is such a user');
      if (users.length + added.length > MAX_USERS)
        throw new SoapFault('Receiver', ['Action', 'TooManyUsers'], `No more than ${MAX_USERS} users`);
      users.push(...added);
      return '<tds:CreateUsersResponse/>';
    },
    SetUser: ({ request }) => {
      const changed = findAll(request.body, 'User').map((element) => {
        const known = existing(textAt(element, 'Username'));
        return { known, wanted: read(element, known) };
      });
      for (const { known, wanted } of changed) Object.assign(known, wanted);
      return '<tds:SetUserResponse/>';
    },
    DeleteUsers: ({ request }) => {
      const gone = findAll(request.body, 'Username').map(({ text }) => existing(text));
      const left = users.filter((user) => !gone.includes(user));
      if (!left.some(({ level }) => level === 'Administrator'))
        throw new SoapFault('Sender', ['InvalidArgVal', 'FixedUser'], 'The last administrator stays');
      users.splice(0, users.length, ...left);
      return '<tds:DeleteUsersResponse/>';
    },
  };

  function existing(username: string | undefined): User {
    const user = settings.find(username ?? '');
    if (user) return user;
    throw new SoapFault('Sender', ['InvalidArgVal', 'UsernameMissing'], `No such user: ${username}`);
  }
}
